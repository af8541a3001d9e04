(() => {
  const box = document.getElementById("search");
  const told = document.getElementById("found");
  const contents = document.getElementById("contents");
  const narrow = matchMedia("(max-width: 52rem)");
  const entries = [...document.querySelectorAll("article")].map((node) => ({
    node,
    links: [...document.querySelectorAll(`nav li:not(.module) a[href="#${CSS.escape(node.id)}"]`)],
    words: node.textContent.toLowerCase(),
    name: (node.querySelector("[data-name]")?.textContent ?? "").toLowerCase(),
  }));
  const groups = [...document.querySelectorAll("nav details details")].map((node) => ({ node, open: node.open }));
  const fit = () => { contents.open = !narrow.matches; };
  const plain = (link) => link.replaceChildren(Object.assign(document.createElement("code"), { textContent: link.textContent }));
  const marked = (link, word) => {
    const text = link.textContent;
    const at = text.toLowerCase().indexOf(word);
    if (at < 0) return plain(link);
    const code = document.createElement("code");
    const mark = Object.assign(document.createElement("mark"), { textContent: text.slice(at, at + word.length) });
    code.append(text.slice(0, at), mark, text.slice(at + word.length));
    link.replaceChildren(code);
  };
  // how well an entry's name fits: as a whole, at the beginning of its last part, anywhere, or not at all
  const fitting = (name, word) => {
    const last = name.slice(name.lastIndexOf(".") + 1);
    return name === word || last === word ? 3 : last.startsWith(word) ? 2 : name.includes(word) ? 1 : 0;
  };
  const best = () => {
    const word = box.value.toLowerCase().trim().split(/\s+/)[0];
    const shown = entries.filter(({ node }) => !node.hidden);
    return shown.reduce((one, other) => (fitting(other.name, word) > fitting(one.name, word) ? other : one), shown[0]);
  };
  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { node, links, words: text, name } of entries) {
      const hit = words.every((word) => name.includes(word) || text.includes(word));
      node.hidden = !hit;
      count += hit;
      for (const link of links) {
        link.parentElement.hidden = !hit;
        words.length ? marked(link, words[0]) : plain(link);
      }
    }
    for (const { node, open } of groups) {
      node.open = words.length ? true : open;
      node.hidden = words.length > 0 && !node.querySelector("li:not([hidden], .module)");
    }
    for (const one of document.querySelectorAll("nav .alone, nav .group")) one.hidden = words.length > 0;
    for (const section of document.querySelectorAll("main > section")) {
      section.hidden = words.length > 0 && !section.querySelector("article:not([hidden])");
    }
    told.textContent = words.length ? (count ? `${count} of ${entries.length}` : "Nothing found. Escape shows everything.") : "";
    if (words.length) contents.open = true;
    else fit();
  };
  let waiting = 0;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 80);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      search();
    } else if (event.key === "Enter") {
      clearTimeout(waiting);
      search();
      const target = box.value.trim() && best();
      if (!target) return;
      if (narrow.matches) contents.open = false;
      location.hash = target.node.id;
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      shownLinks()[0]?.focus();
    }
  });
  const shownLinks = () => [...contents.querySelectorAll("a")].filter((link) => link.checkVisibility());
  contents.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const every = shownLinks();
    const at = every.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    (every[at + step] ?? box).focus();
  });
  contents.addEventListener("click", (event) => {
    if (narrow.matches && event.target.closest("a")) contents.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement !== box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("[hidden]")) return;
    box.value = "";
    search();
    target.scrollIntoView();
  });
  // the entry that is being read is marked in the contents
  let current;
  let unfolded;
  const unfold = (group) => {
    if (box.value || group === unfolded) return;
    if (unfolded) unfolded.open = false;
    unfolded = group && !group.open ? group : undefined;
    if (unfolded) unfolded.open = true;
  };
  const seen = new IntersectionObserver(
    (changes) => {
      const top = changes.filter((one) => one.isIntersecting).at(-1);
      const known = top && entries.find(({ node }) => node === top.target)?.links;
      const link = known?.find((one) => one.checkVisibility()) ?? known?.[0];
      if (!link || link === current) return;
      current?.removeAttribute("aria-current");
      current = link;
      link.setAttribute("aria-current", "true");
      unfold(link.closest("details details"));
      if (!narrow.matches && link.checkVisibility()) link.scrollIntoView({ block: "nearest", behavior: "instant" });
    },
    { rootMargin: "0px 0px -75% 0px" },
  );
  for (const { node } of entries) seen.observe(node);
  narrow.addEventListener("change", fit);
  fit();
  document.getElementById("searching").hidden = false;
})();
