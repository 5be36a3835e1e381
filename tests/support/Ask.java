import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Asks with Java's own client as it is by default, which offers `Upgrade: h2c`: `java Ask.java ADDRESS BODY`. */
public class Ask {
  static void ask(HttpClient client, String[] said) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(said[0]))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(said[1]))
            .build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.body());
  }

  public static void main(String[] said) throws Exception {
    for (int i = 0; i < 5; i++) ask(HttpClient.newHttpClient(), said);
    HttpClient one = HttpClient.newHttpClient();
    for (int i = 0; i < 5; i++) ask(one, said);
  }
}
