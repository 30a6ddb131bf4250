// What this browser keeps for a later visit; it stands below all that uses it. A private window may
// have no storage: what could not be stored is known until the page is left.
const unstored = new Map();

export const stored = (name) => {
  if (unstored.has(name)) return unstored.get(name);
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
};

// An empty text is taken away.
export const store = (name, text) => {
  try {
    if (text) localStorage.setItem(name, text);
    else localStorage.removeItem(name);
    unstored.delete(name);
  } catch {
    unstored.set(name, text);
  }
};
