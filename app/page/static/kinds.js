// The modules of types, by their names alone: a new type brings `features/<type>.js` or `answers/<type>.js`.

export const featureModule = (type) => load("features", type);
export const answerModule = (type) => load("answers", type);

async function load(folder, type) {
  try {
    return await import(`./${folder}/${encodeURIComponent(type)}.js`);
  } catch {
    return import(`./${folder}/any.js`);
  }
}
