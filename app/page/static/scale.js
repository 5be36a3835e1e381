// The scale of a feature that is counted in numbers: values <-> places from 0 to 1.
// It is even, or, where a tail is heavy, as training was: its deciles get the same room each.
//   value ─ place(value) ─> 0 … 1 ─ value(place) ─> value       stops: what a slider halts at

const STOPS = 100;
const WHOLE_MAX = 200; // so many whole numbers are all halted at
const HEAVY = 4; // times as wide as the inner deciles: then a tail is heavy

// `least` and `most` are training's; null where it saw nothing, or one value alone.
export function scaleOf(bins, least, most, whole) {
  if (!(least < most)) return null;
  const edges = (bins?.edges ?? []).filter((edge) => edge > least && edge < most), pinned = bins?.edges?.length && !edges.length;
  const heavy = pinned || (edges.length > 1 && most - least > HEAVY * (edges.at(-1) - edges[0]));
  const every = whole && most - least <= WHOLE_MAX;
  const knots = heavy && !every ? [least, ...edges, most] : [least, most];
  const scale = { knots, bend: heavy && !every, whole, least, most };
  const count = every ? most - least : STOPS;
  scale.stops = [...new Set(Array.from({ length: count + 1 }, (_, at) => valueAt(scale, at / count)))];
  return scale;
}

// A value at a place, with no more digits than the step there has.
export function valueAt(scale, place) {
  if (place <= 0 || place >= 1) return place <= 0 ? scale.least : scale.most;
  const raw = exactAt(scale, place), step = Math.abs(exactAt(scale, Math.min(1, place + 0.01)) - raw);
  const round = Math.max(10 ** Math.floor(Math.log10(step || 1)), scale.whole ? 1 : 0);
  const value = Number((Math.round(raw / round) * round).toPrecision(12));
  return Math.min(Math.max(value, scale.least), scale.most);
}

function exactAt({ knots, bend }, place) {
  const segments = knots.length - 1, at = Math.min(Math.floor(place * segments), segments - 1);
  const [from, to] = [knots[at], knots[at + 1]], share = place * segments - at;
  return from + (to - from) * bent(share, bend, at, segments);
}

// The outer segments are the tails: they begin slowly.
function bent(share, bend, at, segments) {
  if (bend && at === segments - 1) return share ** 3;
  return bend && at === 0 ? 1 - (1 - share) ** 3 : share;
}

export function placeOf({ knots, bend }, value) {
  if (value <= knots[0]) return 0;
  if (value >= knots.at(-1)) return 1;
  const segments = knots.length - 1, at = knots.findLastIndex((knot) => knot <= value);
  const share = (value - knots[at]) / (knots[at + 1] - knots[at]);
  const straight = bend && at === segments - 1 ? Math.cbrt(share) : bend && at === 0 ? 1 - Math.cbrt(1 - share) : share;
  return (at + straight) / segments;
}

export const nearest = (stops, value) =>
  stops.reduce((best, stop, at) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? at : best), 0);

// Training's share of each bin, on the scale: [from, to, share].
export function histogram(scale, bins) {
  if (!bins?.shares) return null;
  const ends = [scale.least, ...bins.edges, scale.most].map((value) => placeOf(scale, value));
  return bins.shares.map((share, at) => [ends[at], ends[at + 1], share]);
}

// The value in the middle of training, and a random one as training had them; undefined where nobody knows.
export function median(bins) {
  if (!bins?.edges?.length) return bins?.minimum ?? undefined;
  let sum = 0;
  const half = bins.shares.reduce((all, share) => all + share, 0) / 2;
  const at = bins.shares.findIndex((share) => (sum += share) >= half * 0.97);
  return at < bins.edges.length ? bins.edges[at] : bins.maximum ?? bins.edges.at(-1);
}

export function random(bins, scale) {
  if (!scale) return undefined;
  if (!bins?.shares) return valueAt(scale, Math.random());
  const at = pick(bins.shares), ends = [scale.least, ...bins.edges, scale.most];
  const [from, to] = [placeOf(scale, ends[at]), placeOf(scale, ends[at + 1])];
  return valueAt(scale, from + (to - from) * Math.random());
}

// The place of one of some shares, each as often as it says.
export function pick(shares) {
  let left = Math.random() * shares.reduce((sum, share) => sum + share, 0);
  const at = shares.findIndex((share) => (left -= share) < 0);
  return at < 0 ? shares.length - 1 : at;
}
