// Why: Shapley values of a row against another one, from the answers to mixtures of the two.
//   plan(names, row, reference) -> {players, rows, walks} -> the rows are answered -> shares(plan, values)
// Exact while few features differ. Beyond, orders are drawn, and each is walked in both directions: the error that is
// left is shown. Either way the shares add up to the difference. It knows no service and no type.

const EXACT = 10; // features: 2 ** 10 rows
const ROWS = 1024; // about so many where orders are drawn
const PLAYERS = 24; // features that are told apart; the less important ones count as one

// `names`: the most important first.
export function plan(names, row, reference, random = seeded(1)) {
  const differ = names.filter((name) => JSON.stringify(row[name]) !== JSON.stringify(reference[name]));
  const apart = differ.length > PLAYERS ? PLAYERS - 1 : differ.length;
  const players = differ.slice(0, apart).map((name) => [name]);
  if (apart < differ.length) players.push(differ.slice(apart));
  const mix = (taken) => ({ ...reference, ...Object.fromEntries(taken.flatMap((at) => players[at]).map((name) => [name, row[name]])) });
  return { players, ...(players.length <= EXACT ? subsets(players.length, mix) : drawn(players.length, mix, random)) };
}

// Row `set` has the players whose bits are set.
function subsets(k, mix) {
  const all = [...Array(k).keys()];
  return { walks: null, rows: Array.from({ length: 2 ** k }, (_, set) => mix(all.filter((at) => set & (1 << at)))) };
}

// Rows: the reference, the row, then what lies between them on each walk.
function drawn(k, mix, random) {
  const rows = [mix([]), mix([...Array(k).keys()])], walks = [];
  for (let pair = Math.max(8, Math.round(ROWS / (2 * k - 2))); pair > 0; pair--) {
    const order = shuffled(k, random);
    walks.push(order, order.toReversed());
  }
  for (const order of walks) for (let taken = 1; taken < k; taken++) rows.push(mix(order.slice(0, taken)));
  return { walks, rows };
}

// `values`: the answers to the rows, a number each. The largest share first; `error` is its standard error.
export function shares({ players, walks }, values) {
  const found = walks ? averaged(players.length, walks, values) : exact(players.length, values);
  return found.map((one, at) => ({ names: players[at], ...one })).sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
}

// What a player adds to a set without it, averaged over the sizes of sets and the sets of a size.
function exact(k, values) {
  const weight = [];
  for (let size = 0, ways = 1; size < k; ways = (ways * (k - 1 - size)) / ++size) weight.push(1 / (k * ways));
  return Array.from({ length: k }, (_, at) => {
    let share = 0;
    values.forEach((value, set) => { if (!(set & (1 << at))) share += weight[bits(set)] * (values[set | (1 << at)] - value); });
    return { share, error: 0 };
  });
}

function averaged(k, walks, values) {
  const [first, last] = values, pairs = walks.length / 2, added = Array.from({ length: k }, () => Array(pairs).fill(0));
  let next = 2;
  walks.forEach((order, walk) => {
    let before = first;
    order.forEach((player, place) => {
      const after = place < k - 1 ? values[next++] : last;
      added[player][walk >> 1] += (after - before) / 2;
      before = after;
    });
  });
  return added.map((each) => {
    const share = each.reduce((sum, one) => sum + one, 0) / pairs;
    return { share, error: Math.sqrt(each.reduce((sum, one) => sum + (one - share) ** 2, 0) / (pairs * (pairs - 1))) };
  });
}

const bits = (set) => { let n = 0; for (; set; set &= set - 1) n++; return n; };

function shuffled(k, random) {
  const order = [...Array(k).keys()];
  for (let at = k - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

// Mulberry32: the same row gets the same explanation each time.
export const seeded = (seed) => () => {
  let t = (seed = (seed + 0x6d2b79f5) | 0);
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
