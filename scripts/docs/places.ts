/** Where the site's parts are. */
import { join } from "node:path";

/** The folder of the project. */
export const root = join(import.meta.dirname, "../..");

/** What builds the site, and in `dist` the site. */
export const site = join(root, "site");

/** The pages as the site has them, made anew by each build. */
export const staged = join(site, "pages");
