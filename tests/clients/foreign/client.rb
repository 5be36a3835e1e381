# Ruby's Net::HTTP: a few threads, each with a connection of its own that it keeps.
require "json"
require "net/http"
require "openssl"
require "stringio"

Ask = Struct.new(:method, :path, :chunked, :body, :odd, :even)
LARGE = 65_536 # bytes before which it asks whether they are wanted
TOLD = {}
WAYS = []
ASKS = []

File.foreach(ARGV[0], chomp: true, encoding: "utf-8") do |line|
  name, *fields = line.split("\t", -1)
  case name
  when "way" then WAYS << fields
  when "ask" then ASKS << Ask.new(fields[0], fields[1], fields[2] == "chunked", *fields[3..])
  else TOLD[name] = fields[0]
  end
end

# What one way gave.
class Tally
  def initialize(address)
    @address = URI(address)
    @seen = { right: 0, wrong: 0, lost: 0 }
    @spoken = {}
    @lock = Mutex.new
    @queue = Queue.new
  end

  def run(way)
    requests, round = Integer(TOLD["requests"]), Integer(TOLD["round"])
    (0...requests).each_slice(round) do |numbers|
      numbers.each { |number| @queue << number }
      Array.new(Integer(TOLD["connections"])) { Thread.new { work } }.each(&:join)
    end
    puts JSON.generate({ way: way, sent: requests, **@seen, retries: nil, spoken: @spoken.keys.join(" ") })
  end

  def work
    Net::HTTP.start(@address.host, @address.port, nil, **options) do |connection|
      while (number = take)
        ask(connection, ASKS[number % ASKS.size])
      end
    end
  rescue SystemCallError, OpenSSL::SSL::SSLError => error # it could not connect: all that it would have asked is lost
    count(:lost, error.message) while take
  end

  def take
    @queue.pop(true)
  rescue ThreadError
    nil
  end

  def options
    return { read_timeout: 60, continue_timeout: 60 } if @address.scheme == "http"

    own = OpenSSL::X509::Certificate.new(File.read(TOLD["certificate"]))
    { use_ssl: true, ca_file: TOLD["authority"], cert: own, key: OpenSSL::PKey.read(File.read(TOLD["key"])),
      read_timeout: 60, continue_timeout: 60 }
  end

  def ask(connection, one)
    request = (one.method == "GET" ? Net::HTTP::Get : Net::HTTP::Post).new(one.path)
    write(request, one) if one.method == "POST"
    judge(one, connection.request(request))
  rescue SystemCallError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::HTTPBadResponse => error
    count(:lost, error.inspect)
  end

  def write(request, one)
    request["content-type"] = "application/json"
    request["expect"] = "100-continue" if one.body.bytesize > LARGE
    return request.body = one.body unless one.chunked

    request["transfer-encoding"] = "chunked"
    request.body_stream = StringIO.new(one.body)
  end

  def judge(one, answer)
    @spoken[answer.http_version] = true
    version = (answer["x-slipway-version"] || "/1").split("/").last
    expected = (version.to_i.even? ? one.even : one.odd).gsub("#V#", version)
    good = answer.code == "200" && answer.body.force_encoding("utf-8") == expected
    count(good ? :right : :wrong, "#{answer.code} #{answer.body} and not #{expected}")
  end

  def count(outcome, why)
    @lock.synchronize { @seen[outcome] += 1 }
    warn "#{outcome}: #{why}" unless outcome == :right
  end
end

WAYS.each { |way, address| Tally.new(address).run(way) }
