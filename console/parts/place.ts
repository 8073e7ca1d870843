/** Where a page stands: on this machine, beside the runner's own pages, or in a stack. */

/** Where a page in a stack finds who signs people in; undefined on this machine, where one is whoever one likes to be. */
export const findConfig = (): string | undefined => document.documentElement.dataset["config"];
