// Open-loop load: requests leave at their own times, whether or not earlier ones were answered.
//
//   openloop PORT RATE WARMUP_S SECONDS CONNECTIONS DEADLINE_MS SEED REQUEST_FILE  -> one line of JSON
//
// Arrivals are Poisson. Each is sent on an idle keep-alive connection at its intended time, and its latency counts
// from that time. An arrival that finds no connection idle is turned away by the client ("unsent"), as a proxy with so
// many upstream connections would: it is never answered, so it is never good. Nothing is pipelined. It spins on its
// core, so that a request leaves within microseconds of its time; the "lag" in the answer says how well it did.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 16384, EVENTS = 512, STATUSES = 600 };

typedef struct {
  int fd, busy, counts, used;
  long body_left;  // bytes of the body still to come; -1 while the head is incomplete
  int status;
  double intended;
  char buffer[BUFFER];
} Connection;

static struct sockaddr_in address;
static Connection *connections;
static int *idle, idle_count, poller;
static char *request;
static size_t request_size;
static double deadline_s;

static long by_status[STATUSES], offered, sent, unsent, good, socket_errors;
static float *accepted, *refused, *lags;
static long accepted_count, refused_count, lag_count, room;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint64_t state;
static double uniform(void) {  // xorshift64*, in (0, 1]
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return ((state * 2685821657736338717ull >> 11) + 1) * 0x1p-53;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void open_connection(int i) {
  Connection *c = &connections[i];
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0) die("socket");
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct linger reset = {1, 0};  // no TIME_WAIT: thousands of ports are needed again at once
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
  c->busy = 0;
  idle[idle_count++] = i;
}

static void lose(int i) {
  Connection *c = &connections[i];
  if (c->busy && c->counts) socket_errors++;
  close(c->fd);
  open_connection(i);
}

static void settle(int i, double at) {
  Connection *c = &connections[i];
  double latency = at - c->intended;
  if (c->counts) {
    by_status[c->status < STATUSES ? c->status : 0]++;
    if (c->status == 200) {
      if (accepted_count < room) accepted[accepted_count++] = latency;
      if (latency <= deadline_s) good++;
    } else if (refused_count < room) {
      refused[refused_count++] = latency;
    }
  }
  c->busy = 0;
  idle[idle_count++] = i;
}

// Read a head: "HTTP/1.1 200 …", content-length. Returns 0 while it is incomplete, -1 if it is none.
static int parse_head(Connection *c) {
  c->buffer[c->used] = 0;
  char *end = strstr(c->buffer, "\r\n\r\n");
  if (!end) return c->used >= BUFFER - 1 ? -1 : 0;
  if (strncmp(c->buffer, "HTTP/1.1 ", 9)) return -1;
  c->status = atoi(c->buffer + 9);
  char *length = strcasestr(c->buffer, "\ncontent-length:");
  if (!length || length > end) return -1;
  c->body_left = atol(length + 16) - (c->used - (end + 4 - c->buffer));
  return 1;
}

static void receive(int i, double at) {
  Connection *c = &connections[i];
  char scratch[65536];
  for (;;) {
    int head = c->body_left < 0;
    ssize_t n = head ? read(c->fd, c->buffer + c->used, BUFFER - 1 - c->used) : read(c->fd, scratch, sizeof scratch);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || !c->busy) return lose(i);
    if (head) {
      c->used += n;
      int found = parse_head(c);
      if (found < 0) return lose(i);
      if (!found) continue;
    } else {
      c->body_left -= n;
    }
    if (c->body_left == 0) return settle(i, at);
    if (c->body_left < 0) return lose(i);
  }
}

static void arrive(double intended, double at, int counts) {
  offered += counts;
  if (!idle_count) {
    unsent += counts;
    return;
  }
  int i = idle[--idle_count];
  Connection *c = &connections[i];
  c->busy = 1, c->counts = counts, c->intended = intended, c->used = 0, c->body_left = -1;
  ssize_t n = send(c->fd, request, request_size, MSG_NOSIGNAL);
  if (n != (ssize_t)request_size) return lose(i);
  sent += counts;
  if (counts && lag_count < room) lags[lag_count++] = at - intended;
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double quantile_ms(float *values, long count, double q) {
  if (!count) return 0;
  long place = (long)ceil(q * count) - 1;
  return values[place < 0 ? 0 : place] * 1e3;
}

static void load_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  fseek(file, 0, SEEK_END);
  request_size = (size_t)ftell(file);
  rewind(file);
  request = malloc(request_size);
  if (fread(request, 1, request_size, file) != request_size) die(path);
  fclose(file);
}

static void report(double seconds) {
  qsort(accepted, accepted_count, sizeof *accepted, by_value);
  qsort(refused, refused_count, sizeof *refused, by_value);
  qsort(lags, lag_count, sizeof *lags, by_value);
  printf("{\"seconds\":%.3f,\"offered\":%ld,\"sent\":%ld,\"unsent\":%ld,\"good\":%ld,\"socket_errors\":%ld,", seconds,
         offered, sent, unsent, good, socket_errors);
  printf("\"accepted_p50_ms\":%.3f,\"accepted_p99_ms\":%.3f,\"accepted_p999_ms\":%.3f,\"accepted_max_ms\":%.3f,",
         quantile_ms(accepted, accepted_count, 0.5), quantile_ms(accepted, accepted_count, 0.99),
         quantile_ms(accepted, accepted_count, 0.999), quantile_ms(accepted, accepted_count, 1));
  printf("\"refused_p99_ms\":%.3f,\"lag_p99_ms\":%.3f,\"statuses\":{", quantile_ms(refused, refused_count, 0.99),
         quantile_ms(lags, lag_count, 0.99));
  const char *comma = "";
  for (int s = 0; s < STATUSES; s++)
    if (by_status[s]) printf("%s\"%d\":%ld", comma, s, by_status[s]), comma = ",";
  printf("}}\n");
}

int main(int argc, char **argv) {
  if (argc != 9) return fprintf(stderr, "usage: see the first lines of openloop.c\n"), 2;
  double rate = atof(argv[2]), warmup = atof(argv[3]), seconds = atof(argv[4]);
  int count = atoi(argv[5]);
  deadline_s = atof(argv[6]) / 1e3;
  state = strtoull(argv[7], 0, 10) * 2654435761u + 88172645463325252ull;
  load_request(argv[8]);
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  room = (long)(rate * seconds * 1.2) + 1000;
  accepted = malloc(room * sizeof *accepted), refused = malloc(room * sizeof *refused);
  lags = malloc(room * sizeof *lags);
  connections = calloc(count, sizeof *connections), idle = malloc(count * sizeof *idle);
  poller = epoll_create1(0);
  for (int i = 0; i < count; i++) open_connection(i);

  struct epoll_event events[EVENTS];
  double start = now() + 0.05, counted = start + warmup, end = counted + seconds, next = start;
  double drained = end + deadline_s + 1;
  for (double t = now(); t < drained; t = now()) {
    for (; next <= t && next < end; next -= log(uniform()) / rate) arrive(next, t, next >= counted);
    if (next >= end && idle_count == count) break;
    int n = epoll_wait(poller, events, EVENTS, 0);
    double at = now();
    for (int e = 0; e < n; e++) receive((int)events[e].data.u32, at);
  }
  report(seconds);
  return 0;
}
