// One version on the page, and the row that is looked at. Sections listen to it:
//   row      the row changed            answer   there is a new answer to it
//   feature  "what if" shows another    fault    the service refused, detail: the error
// Names of features are strangers' texts (`__proto__` is one): rows get their keys as properties of their own.
import * as service from "./service.js";
import { brief } from "./words.js";

const WAIT_MS = 30; // for the next key or step of a slider
const AGAIN_MS = 2000; // until a service that was away, full or not ready is asked again

export class Subject extends EventTarget {
  #end = new AbortController();
  #asking = null;
  #timer = 0;

  constructor({ model, versions, profile, examples, features, answerType }) {
    super();
    Object.assign(this, { model, versions, profile, examples, features, answerType });
    this.closed = this.#end.signal;
    this.answer = null;
    this.feature = null;
    this.waiting = false; // for the answer to the row
    this.reference = this.#typical();
    this.row = { ...this.reference };
  }

  // The typical row: the median or the most frequent value of each feature, as training saw it.
  #typical() {
    const example = this.examples[0] ?? this.model.example?.instances?.[0] ?? {};
    return this.rowOf((feature) => {
      const value = this.kind(feature).typical?.(feature, this.bins(feature.name));
      return (value === undefined ? own(example, feature.name) : value) ?? null;
    });
  }

  bins(name) { return own(this.profile?.features, name); }
  kind(feature) { return this.features[feature.type]; }
  rowOf(value) { return Object.fromEntries(this.model.features.map((feature) => [feature.name, value(feature)])); }

  // A row from elsewhere, such as a link: what this version does not know or take is as in the reference.
  checked(row) {
    return this.rowOf((feature) => {
      const value = own(row, feature.name), { fits } = this.kind(feature);
      const good = value === null ? feature.optional : value !== undefined && (!fits || fits(feature, value));
      return good ? brief(value) : this.reference[feature.name];
    });
  }

  set(changes) { this.replace({ ...this.row, ...changes }); }

  replace(row) {
    this.row = row;
    this.waiting = true;
    this.#tell("row");
    this.#later(WAIT_MS);
  }

  look(name) { this.feature = name; this.#tell("feature"); }

  close() { clearTimeout(this.#timer); this.#asking?.abort(); this.#end.abort(); }

  #later(wait_ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), wait_ms);
  }

  async #ask() {
    this.#asking?.abort();
    const asking = this.#asking = new AbortController(), began = performance.now();
    try {
      const [answer] = await service.predict(this.model, [this.row], asking.signal);
      if (asking.signal.aborted) return;
      this.waiting = false;
      this.answer = answer;
      this.took_ms = performance.now() - began;
      this.#tell("answer", { signal: asking.signal });
    } catch (error) {
      if (asking.signal.aborted) return;
      this.waiting = false;
      this.#tell("fault", error);
      if (!(error.status < 429)) this.#later(AGAIN_MS); // another row would be refused as well, and later not
    }
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

// The value of a property that is an object's own, never one of its prototype.
export const own = (object, name) => (object && Object.hasOwn(object, name) ? object[name] : undefined);
