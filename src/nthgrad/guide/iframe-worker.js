// The search of the site is a worker, which browsers do not start from files. Here a frame takes its place, so that the
// site works without a server. Material for MkDocs would load such a script from another host.
(() => {
  if (location.protocol !== "file:") return;

  const messages = "window.postMessage = data => parent.postMessage(data, '*');";
  const imports = `window.importScripts = (...urls) => urls.reduce(
    (before, url) => before.then(() => new Promise(loaded => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = loaded;
      document.body.appendChild(script);
    })), Promise.resolve());`;

  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.appendChild(this.frame);
      const inside = this.frame.contentWindow;
      window.addEventListener("message", ({ source, data }) => {
        if (source !== inside) return;
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        this.onmessage?.(event);
      });
      inside.document.open();
      inside.document.write(
        `<html><body><script>${messages}${imports}<\/script><script src="${url}"><\/script></body></html>`
      );
      inside.document.close();
      this.ready = new Promise(loaded => { inside.onload = loaded; });
    }

    postMessage(data) {
      this.ready.then(() => {
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };
})();
