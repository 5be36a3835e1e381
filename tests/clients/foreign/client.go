// Go's net/http: one client, as it is by default but for the certificates, shared by a few goroutines.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type ask struct {
	method, path string
	chunked      bool
	body         []byte
	odd, even    string
}

type way struct{ name, address string }

const large = 65536 // bytes before which it asks whether they are wanted

var (
	told = map[string]string{}
	ways []way
	asks []ask
)

type tally struct {
	Way     string `json:"way"`
	Sent    int64  `json:"sent"`
	Right   int64  `json:"right"`
	Wrong   int64  `json:"wrong"`
	Lost    int64  `json:"lost"`
	Retries int64  `json:"retries"` // connections taken beyond one a request
	Spoken  string `json:"spoken"`
	next    int64
}

func main() {
	file := must(os.Open(os.Args[1]))
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		read(strings.Split(lines.Text(), "\t"))
	}
	for _, one := range ways {
		seen := &tally{Way: one.name}
		requests, round := number("requests"), number("round")
		for end := int64(0); end < requests; {
			end = smaller(end+round, requests)
			seen.askUntil(one.address, end)
			seen.next = end
		}
		seen.Sent = requests
		fmt.Println(string(must(json.Marshal(seen))))
	}
}

func read(fields []string) {
	switch fields[0] {
	case "way":
		ways = append(ways, way{fields[1], fields[2]})
	case "ask":
		asks = append(asks, ask{fields[1], fields[2], fields[3] == "chunked", []byte(fields[4]), fields[5], fields[6]})
	default:
		told[fields[0]] = fields[1]
	}
}

func (seen *tally) askUntil(address string, end int64) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = certificates()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for i := int64(0); i < number("connections"); i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := atomic.AddInt64(&seen.next, 1) - 1; i < end; i = atomic.AddInt64(&seen.next, 1) - 1 {
				seen.ask(client, address, &asks[i%int64(len(asks))])
			}
		}()
	}
	all.Wait()
}

func (seen *tally) ask(client *http.Client, address string, one *ask) {
	request := must(http.NewRequest(one.method, address+one.path, body(one)))
	request.Header.Set("content-type", "application/json")
	if len(one.body) > large {
		request.Header.Set("expect", "100-continue")
	}
	taken := int64(0)
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { atomic.AddInt64(&taken, 1) }}
	answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if again := atomic.LoadInt64(&taken) - 1; again > 0 {
		atomic.AddInt64(&seen.Retries, again)
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
	if err != nil {
		atomic.AddInt64(&seen.Lost, 1)
		fmt.Fprintln(os.Stderr, "lost:", err)
		return
	}
	seen.judge(one, answer, string(text))
}

// A reader of which net/http does not know the length is sent in chunks.
func body(one *ask) io.Reader {
	if one.chunked {
		return io.MultiReader(bytes.NewReader(one.body))
	}
	return bytes.NewReader(one.body)
}

func (seen *tally) judge(one *ask, answer *http.Response, text string) {
	seen.speak(answer.Proto)
	version := "1"
	if named := answer.Header.Get("x-slipway-version"); named != "" {
		version = named[strings.Index(named, "/")+1:]
	}
	expected := one.odd
	if must(strconv.Atoi(version))%2 == 0 {
		expected = one.even
	}
	if answer.StatusCode == 200 && text == strings.ReplaceAll(expected, "#V#", version) {
		atomic.AddInt64(&seen.Right, 1)
		return
	}
	atomic.AddInt64(&seen.Wrong, 1)
	fmt.Fprintln(os.Stderr, "wrong:", answer.StatusCode, text, "and not", expected)
}

var speaking sync.Mutex

func (seen *tally) speak(protocol string) {
	speaking.Lock()
	defer speaking.Unlock()
	protocol = strings.TrimSuffix(strings.TrimPrefix(protocol, "HTTP/"), ".0")
	if !strings.Contains(seen.Spoken, protocol) {
		seen.Spoken = strings.TrimSpace(seen.Spoken + " " + protocol)
	}
}

func certificates() *tls.Config {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(must(os.ReadFile(told["authority"])))
	own := must(tls.LoadX509KeyPair(told["certificate"], told["key"]))
	return &tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{own}}
}

func number(name string) int64 {
	return must(strconv.ParseInt(told[name], 10, 64))
}

func smaller(left, right int64) int64 {
	if left < right {
		return left
	}
	return right
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
