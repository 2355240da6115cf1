// Small values that outlive the page. Where the browser blocks or refuses localStorage, memory takes its place,
// so that a chat works in a private window too, only without surviving a reload.

export function openStorage(prefix, backing = localStorageOrNull()) {
  const memory = new Map();

  return {
    get(key) {
      if (memory.has(key)) return memory.get(key);
      return attempt(() => backing.getItem(prefix + key), null);
    },
    set(key, value) {
      const kept = attempt(() => (backing.setItem(prefix + key, value), true), false);
      if (kept) memory.delete(key);
      else memory.set(key, value);
    },
    remove(key) {
      memory.delete(key);
      attempt(() => backing.removeItem(prefix + key), null);
    },
    keys(start) {
      const stored = attempt(() => Object.keys(backing), []);
      const own = stored.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      return [...new Set([...own, ...memory.keys()])].filter((key) => key.startsWith(start));
    },
    // Calls back with the key (null: everything was cleared) when another tab of the same visitor changes a value.
    watch(changed) {
      addEventListener("storage", (event) => {
        if (event.key === null) changed(null);
        else if (event.key.startsWith(prefix)) changed(event.key.slice(prefix.length));
      });
    },
  };
}

function localStorageOrNull() {
  return attempt(() => window.localStorage, null);
}

function attempt(action, otherwise) {
  try {
    return action();
  } catch {
    return otherwise;
  }
}
