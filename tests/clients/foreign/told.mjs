// What Node's two clients share: the plan, and the count of what they got. It knows neither of them.
import { readFileSync } from "node:fs";

export const told = {}, ways = [], asks = [];

for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  const [name, ...fields] = line.split("\t");
  if (name === "way") ways.push({ name: fields[0], address: fields[1] });
  else if (name === "ask") {
    const [method, path, how, body, odd, even] = fields;
    asks.push({ method, path, chunked: how === "chunked", body, odd, even });
  } else if (name) told[name] = fields[0];
}

/** Ask all ways in turn: `ask(address, one)` gives [status, x-slipway-version, text, protocol], or throws; `renew` begins a round. */
export async function run(ask, renew) {
  for (const way of ways) {
    const seen = { right: 0, wrong: 0, lost: 0 }, spoken = new Set();
    const requests = Number(told.requests);
    let next = 0;
    const count = (outcome, why) => {
      seen[outcome]++;
      if (outcome !== "right") console.error(`${outcome}: ${why}`);
    };
    const work = async (end) => {
      while (next < end) {
        const one = asks[next++ % asks.length];
        try {
          judge(one, await ask(way.address, one), spoken, count);
        } catch (error) {
          count("lost", error.cause ?? error);
        }
      }
    };
    while (next < requests) {
      await renew();
      const end = Math.min(next + Number(told.round), requests);
      await Promise.all(Array.from({ length: Number(told.connections) }, () => work(end)));
    }
    console.log(JSON.stringify({ way: way.name, sent: requests, ...seen, retries: null, spoken: [...spoken].join(" ") }));
  }
}

function judge(one, [status, named, text, protocol], spoken, count) {
  if (protocol) spoken.add(protocol);
  const version = (named ?? "/1").split("/")[1];
  const expected = (Number(version) % 2 ? one.odd : one.even).replaceAll("#V#", version);
  const good = status === 200 && text === expected;
  count(good ? "right" : "wrong", `${status} ${text} and not ${expected}`);
}
