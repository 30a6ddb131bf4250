// The address of Clerk's scripts; and loads Clerk's forms and menus only when they may be needed.
import { buildClerkUIScriptAttributes, clerkUIScriptUrl } from "@clerk/react/internal";

// Clerk uses https for absolute proxy addresses, so a local backend's http address is set here.
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

// Clerk's forms and menus are larger than the page, and it is known without them who is signed in.
// So they are loaded when one of them is shown, or at the first sign that a person uses the page.
// The menus in a page's head, by Clerk's names for them, come after what the page is for: to load
// and run them takes as long as to draw a dashboard.
// Clerk's SDK makes one object of this class (its type ClerkUIConstructor) and calls it to show
// one.
const SIGNS_OF_A_PERSON = ["pointermove", "pointerdown", "touchstart", "keydown"];
const MENUS = ["OrganizationSwitcher", "UserButton"];
const LOOK_MS = 50;
// Whatever a page waits for, nobody waits longer for its menus.
const MOST_MS = 3000;

const isDrawn = () =>
  ![...document.querySelectorAll("main .skeleton")].some((each) => each.getClientRects().length);

const pageIsDrawn = () =>
  new Promise((resolve) => {
    const until = performance.now() + MOST_MS;
    const look = () =>
      isDrawn() || performance.now() > until ? resolve() : setTimeout(look, LOOK_MS);
    look();
  });

export const uiOnDemand = (options) =>
  class {
    constructor(...given) {
      this.given = given;
      this.ready = new Promise((resolve) => {
        this.isReady = resolve;
      });
      this.turn = new Promise((resolve) => {
        this.begin = resolve;
      });
      const prepare = () => {
        this.begin();
        this.load().catch(() => {});
      };
      for (const sign of SIGNS_OF_A_PERSON) {
        window.addEventListener(sign, prepare, { once: true, passive: true });
      }
    }

    load() {
      this.loading ??= loadUi(options).then((Ui) => new Ui(...this.given));
      this.loading.then(this.isReady, () => {
        // The next call tries again.
        this.loading = null;
      });
      return this.loading;
    }

    // With a hint, something must be shown. Without one, only a change of what is shown is needed.
    // All calls wait for the same promises, so that they run in their order: React's StrictMode
    // mounts, unmounts and mounts again, and the unmount must not be the last.
    async ensureMounted(how) {
      const shown = how?.preloadHint;
      if (MENUS.includes(shown)) this.looks ??= pageIsDrawn().then(this.begin);
      else if (shown) this.begin();
      await this.turn;
      const ui = await (shown ? this.load() : this.loading ?? this.ready);
      return ui.ensureMounted(how);
    }
  };
