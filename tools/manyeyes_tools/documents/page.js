(() => {
  const box = document.getElementById("search");
  const told = document.getElementById("found");
  const entries = [...document.querySelectorAll("article")].map((node) => ({
    node,
    link: document.querySelector(`nav a[href="#${CSS.escape(node.id)}"]`),
    words: node.textContent.toLowerCase(),
    name: (node.querySelector("[data-name]")?.textContent ?? "").toLowerCase(),
  }));
  const groups = [...document.querySelectorAll("nav details")].map((node) => ({ node, open: node.open }));
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
  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { node, link, words: text, name } of entries) {
      const hit = words.every((word) => name.includes(word) || text.includes(word));
      node.hidden = !hit;
      count += hit;
      if (!link) continue;
      link.parentElement.hidden = !hit;
      words.length ? marked(link, words[0]) : plain(link);
    }
    for (const { node, open } of groups) {
      node.open = words.length ? true : open;
      node.hidden = words.length > 0 && !node.querySelector("li:not([hidden], .module)");
    }
    for (const section of document.querySelectorAll("main > section")) {
      section.hidden = words.length > 0 && !section.querySelector("article:not([hidden])");
    }
    told.textContent = words.length ? `${count} of ${entries.length}` : "";
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
      entries.find(({ node }) => !node.hidden)?.node.scrollIntoView();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement !== box) {
      event.preventDefault();
      box.focus();
    }
  });
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("[hidden]")) return;
    box.value = "";
    search();
    target.scrollIntoView();
  });
  document.getElementById("searching").hidden = false;
})();
