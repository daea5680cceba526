{
  description = "does not parse";

  outputs =
    { self }:
    {
      nixosConfigurations = { reason = ; };
    };
}
