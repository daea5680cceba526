let
  elaborate =
    arg:
    let
      system = arg.system or arg;
      has = infix: builtins.match ".*${infix}.*" system != null;
    in
    {
      inherit system;
      config = system;
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
