/** The one function that we use of njre, which comes without types. */
declare module "njre" {
  const njre: {
    install(version: number, options: { installPath: string }): Promise<string>;
  };
  export default njre;
}
