// Whether an element is seen: on screen, in a tab that is in front. `tell(seen)` is called at first and at each change.

export function whileOpen(element, closed, tell) {
  let on = false;
  const say = () => tell(on && !document.hidden && !closed.aborted);
  const observer = new IntersectionObserver((entries) => { on = entries.at(-1).isIntersecting; say(); });
  observer.observe(element);
  document.addEventListener("visibilitychange", say, { signal: closed });
  closed.addEventListener("abort", () => { observer.disconnect(); say(); });
}
