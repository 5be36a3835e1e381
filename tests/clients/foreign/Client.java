import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Java's own client as it is by default: it prefers HTTP/2, so it offers `Upgrade: h2c` where there is no TLS. */
public class Client {
  record Ask(String method, String path, boolean chunked, byte[] body, String odd, String even) {}

  // Bytes before which it asks whether they are wanted; not with TLS, for it would wait for nginx for ever: that sends
  // no `100 Continue` by HTTP/2.
  static final int LARGE = 65536;

  static final Map<String, String> told = new HashMap<>();
  static final List<String[]> ways = new ArrayList<>();
  static final List<Ask> asks = new ArrayList<>();

  final String address;
  final AtomicInteger next = new AtomicInteger(), right = new AtomicInteger();
  final AtomicInteger wrong = new AtomicInteger(), lost = new AtomicInteger();
  final Map<String, Boolean> spoken = new ConcurrentHashMap<>();

  Client(String address) {
    this.address = address;
  }

  public static void main(String[] arguments) throws Exception {
    for (String line : Files.readAllLines(Path.of(arguments[0]))) read(line.split("\t", -1));
    for (String[] way : ways) new Client(way[1]).run(way[0]);
    System.exit(0); // threads of idle clients would go on for a while
  }

  static void read(String[] fields) {
    if (fields[0].equals("way")) ways.add(new String[] {fields[1], fields[2]});
    else if (fields[0].equals("ask"))
      asks.add(new Ask(fields[1], fields[2], fields[3].equals("chunked"), fields[4].getBytes(), fields[5], fields[6]));
    else told.put(fields[0], fields[1]);
  }

  void run(String way) throws Exception {
    int requests = Integer.parseInt(told.get("requests")), round = Integer.parseInt(told.get("round"));
    for (int end = Math.min(round, requests); ; end = Math.min(end + round, requests)) {
      askUntil(end);
      if (end == requests) break;
    }
    System.out.printf(
        "{\"way\": \"%s\", \"sent\": %d, \"right\": %d, \"wrong\": %d, \"lost\": %d, \"retries\": null, \"spoken\": \"%s\"}%n",
        way, requests, right.get(), wrong.get(), lost.get(), String.join(" ", spoken.keySet()));
  }

  /** A client of its own, and a few threads that share it. */
  void askUntil(int end) throws Exception {
    HttpClient client = HttpClient.newBuilder().sslContext(tls()).build();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(told.get("connections")); i++) {
      Thread thread = new Thread(() -> work(client, end));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) thread.join();
  }

  void work(HttpClient client, int end) {
    while (true) {
      int i = next.getAndUpdate(n -> Math.min(n + 1, end));
      if (i >= end) return;
      ask(client, asks.get(i % asks.size()));
    }
  }

  void ask(HttpClient client, Ask ask) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address + ask.path))
            .timeout(Duration.ofSeconds(60))
            .expectContinue(ask.body.length > LARGE && address.startsWith("http:"))
            .header("content-type", "application/json")
            .method(ask.method, publisher(ask))
            .build();
    try {
      judge(ask, client.send(request, BodyHandlers.ofString()));
    } catch (Exception error) {
      lost.incrementAndGet();
      System.err.println("lost: " + error);
    }
  }

  static BodyPublisher publisher(Ask ask) {
    if (ask.chunked) return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(ask.body));
    return ask.body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(ask.body);
  }

  void judge(Ask ask, HttpResponse<String> answer) {
    spoken.put(answer.version() == HttpClient.Version.HTTP_2 ? "2" : "1.1", true);
    String named = answer.headers().firstValue("x-slipway-version").orElse("/1");
    String version = named.substring(named.indexOf('/') + 1);
    String expected = Integer.parseInt(version) % 2 == 0 ? ask.even : ask.odd;
    if (answer.statusCode() == 200 && answer.body().equals(expected.replace("#V#", version))) right.incrementAndGet();
    else {
      wrong.incrementAndGet();
      System.err.println("wrong: " + answer.statusCode() + " " + answer.body() + " and not " + expected);
    }
  }

  static SSLContext tls() throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12"), own = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (var file = Files.newInputStream(Path.of(told.get("authority")))) {
      trusted.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    char[] password = told.get("password").toCharArray();
    try (var file = Files.newInputStream(Path.of(told.get("keystore")))) {
      own.load(file, password);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
