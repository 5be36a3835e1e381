<?php
// PHP's curl extension, a few requests at once over connections that it keeps; each tenth request by a stream, as
// file_get_contents does it, over a connection of its own.
$told = $ways = $asks = [];
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    $fields = explode("\t", $line);
    match ($fields[0]) {
        'way' => $ways[] = [$fields[1], $fields[2]],
        'ask' => $asks[] = array_combine(['method', 'path', 'how', 'body', 'odd', 'even'], array_slice($fields, 1)),
        default => $told[$fields[0]] = $fields[1],
    };
}
const BY_STREAM = 10;

class Tally
{
    private array $seen = ['right' => 0, 'wrong' => 0, 'lost' => 0];
    private array $spoken = [];

    public function __construct(private string $address, private array $told, private array $asks)
    {
    }

    public function run(string $way): void
    {
        [$requests, $round] = [(int) $this->told['requests'], (int) $this->told['round']];
        for ($first = 0; $first < $requests; $first += $round) {
            $this->round($first, min($first + $round, $requests));
        }
        $spoken = implode(' ', array_keys($this->spoken));
        echo json_encode(['way' => $way, 'sent' => $requests, ...$this->seen, 'retries' => null, 'spoken' => $spoken]), "\n";
    }

    private function round(int $first, int $end): void
    {
        $multi = curl_multi_init();
        $handles = array_map(fn () => curl_init(), range(1, (int) $this->told['connections']));
        for ($number = $first; $number < $end;) {
            $open = [];
            foreach ($handles as $handle) {
                if ($number < $end && $number % BY_STREAM === BY_STREAM - 1) {
                    $this->stream($this->ask($number++));
                }
                if ($number < $end) {
                    $open[] = $this->begin($multi, $handle, $this->ask($number++));
                }
            }
            $this->wait($multi);
            $this->finish($multi, $open);
        }
        curl_multi_close($multi);
    }

    private function ask(int $number): array
    {
        return $this->asks[$number % count($this->asks)];
    }

    private function begin(CurlMultiHandle $multi, CurlHandle $handle, array $ask): array
    {
        curl_reset($handle);
        $options = [
            CURLOPT_URL => $this->address . $ask['path'],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 60,
            CURLOPT_CAINFO => $this->told['authority'],
            CURLOPT_SSLCERT => $this->told['certificate'],
            CURLOPT_SSLKEY => $this->told['key'],
        ];
        $head = new ArrayObject();
        $options[CURLOPT_HEADERFUNCTION] = function ($handle, $line) use ($head) {
            $head->append($line);
            return strlen($line);
        };
        curl_setopt_array($handle, $options + self::body($ask));
        curl_multi_add_handle($multi, $handle);
        return [$handle, $ask, $head];
    }

    private static function body(array $ask): array
    {
        if ($ask['method'] === 'GET') {
            return [];
        }
        $options = [CURLOPT_POST => true, CURLOPT_HTTPHEADER => ['content-type: application/json']];
        if ($ask['how'] !== 'chunked') {
            return $options + [CURLOPT_POSTFIELDS => $ask['body']];
        }
        $left = $ask['body'];
        $options[CURLOPT_HTTPHEADER][] = 'transfer-encoding: chunked';
        $options[CURLOPT_READFUNCTION] = function ($handle, $file, $most) use (&$left) {
            $piece = substr($left, 0, $most);
            $left = substr($left, strlen($piece));
            return $piece;
        };
        return $options;
    }

    private function wait(CurlMultiHandle $multi): void
    {
        do {
            curl_multi_exec($multi, $running);
            curl_multi_select($multi, 1.0);
        } while ($running);
    }

    private function finish(CurlMultiHandle $multi, array $open): void
    {
        $failures = [];
        while ($done = curl_multi_info_read($multi)) {
            $failures[spl_object_id($done['handle'])] = $done['result'];
        }
        foreach ($open as [$handle, $ask, $head]) {
            $failure = $failures[spl_object_id($handle)] ?? 0;
            if ($failure) {
                $this->count('lost', curl_strerror($failure));
            } else {
                $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
                $this->judge($ask, $status, (array) $head, curl_multi_getcontent($handle));
            }
            curl_multi_remove_handle($multi, $handle);
        }
    }

    private function stream(array $ask): void
    {
        $http = ['method' => $ask['method'], 'ignore_errors' => true, 'timeout' => 60, 'protocol_version' => 1.1];
        $http += $ask['method'] === 'GET' ? [] : ['header' => 'content-type: application/json', 'content' => $ask['body']];
        $told = $this->told;
        $ssl = ['cafile' => $told['authority'], 'local_cert' => $told['certificate'], 'local_pk' => $told['key']];
        $context = stream_context_create(['http' => $http, 'ssl' => $ssl]);
        $text = @file_get_contents($this->address . $ask['path'], false, $context);
        if ($text === false) {
            $this->count('lost', error_get_last()['message']);
        } else {
            $this->judge($ask, (int) explode(' ', $http_response_header[0])[1], $http_response_header, $text);
        }
    }

    private function judge(array $ask, int $status, array $head, string $text): void
    {
        $this->spoken[preg_replace('~^HTTP/(\S+).*~s', '$1', last_status($head))] = true;
        $version = '1';
        foreach ($head as $line) {
            $version = preg_match('~^x-slipway-version: \S+/(\d+)~i', $line, $found) ? $found[1] : $version;
        }
        $expected = str_replace('#V#', $version, $ask[$version % 2 ? 'odd' : 'even']);
        $good = $status === 200 && $text === $expected;
        $this->count($good ? 'right' : 'wrong', "$status $text and not $expected");
    }

    private function count(string $outcome, string $why): void
    {
        $this->seen[$outcome]++;
        if ($outcome !== 'right') {
            fwrite(STDERR, "$outcome: $why\n");
        }
    }
}

/** The last status line: one of `100 Continue` may stand before it. */
function last_status(array $head): string
{
    $lines = array_filter($head, fn ($line) => str_starts_with($line, 'HTTP/'));
    return trim(end($lines));
}

foreach ($ways as [$way, $address]) {
    (new Tally($address, $told, $asks))->run($way);
}
