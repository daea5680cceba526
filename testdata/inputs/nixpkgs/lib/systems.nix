let
  elaborate =
    arg:
    let
      system = arg.system or arg;
      has = infix: builtins.match ".*${infix}.*" system != null;
    in
    {
      inherit system;
      # As GNU names it.
      config =
        let
          cpu = builtins.head (builtins.split "-" system);
        in
        if has "darwin" then
          "${if cpu == "aarch64" then "arm64" else cpu}-apple-darwin"
        else
          "${cpu}-unknown-linux-gnu";
      isLinux = has "linux";
      isDarwin = has "darwin";
      isx86_64 = has "x86_64";
      isAarch64 = has "aarch64";
      is64bit = true;
      __toString = self: self.system;
    };
in
{
  inherit elaborate;
  flakeExposed = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ];
}
