// Where Clerk's scripts come from, and its forms and menus only when somebody may want one.
import { buildClerkUIScriptAttributes, clerkUIScriptUrl } from "@clerk/react/internal";

// Clerk takes an absolute proxy for an https one; a local backend elsewhere has to be spelled out.
const isLocalElsewhere = (proxyUrl) => proxyUrl?.startsWith("http:") ?? false;
const UI_PATH = "/npm/@clerk/ui@1/dist/ui.browser.js";
const SDK_PATH = "/npm/@clerk/clerk-js@6/dist/clerk.browser.js";

export const sdkUrl = (proxyUrl) =>
  isLocalElsewhere(proxyUrl) ? `${proxyUrl}${SDK_PATH}` : undefined;

const uiUrl = (options) =>
  isLocalElsewhere(options.proxyUrl) ? `${options.proxyUrl}${UI_PATH}` : clerkUIScriptUrl(options);

const loadUi = (options) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = uiUrl(options);
    script.crossOrigin = "anonymous";
    for (const [name, value] of Object.entries(buildClerkUIScriptAttributes(options))) {
      script.setAttribute(name, value);
    }
    script.onload = () => resolve(window.__internal_ClerkUICtor);
    script.onerror = () => {
      script.remove();
      reject(new Error("Clerk's forms and menus could not be loaded"));
    };
    document.head.append(script);
  });

// Clerk's forms and menus weigh more than the page, and who is signed in is known without them. So
// they come when one of them is to be shown, or at the first sign of a person who might want one.
// Clerk's SDK makes one of these (its type ClerkUIConstructor) and asks it for whatever it shows.
const SIGNS_OF_A_PERSON = ["pointermove", "pointerdown", "touchstart", "keydown"];

export const uiOnDemand = (options) =>
  class {
    constructor(...given) {
      this.given = given;
      this.ready = new Promise((resolve) => {
        this.isReady = resolve;
      });
      const prepare = () => this.load().catch(() => {});
      for (const sign of SIGNS_OF_A_PERSON) {
        window.addEventListener(sign, prepare, { once: true, passive: true });
      }
    }

    load() {
      this.loading ??= loadUi(options).then((Ui) => new Ui(...this.given));
      this.loading.then(this.isReady, () => {
        // The next one who wants it tries again.
        this.loading = null;
      });
      return this.loading;
    }

    // With a hint something is to be shown; without one, only what is shown already changes. All
    // wait for one promise, so that they run in the order in which they came: React's StrictMode
    // mounts, unmounts and mounts again, and the unmount must not be the last.
    async ensureMounted(how) {
      const ui = await (how?.preloadHint ? this.load() : this.loading ?? this.ready);
      return ui.ensureMounted(how);
    }
  };
