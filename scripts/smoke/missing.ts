/** Something that has to be there before anything can be tried; the message says how to get it. */
export class Missing extends Error {}
