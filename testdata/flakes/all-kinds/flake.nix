{
  description = "every kind of output";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  outputs =
    { self, busybox }:
    let
      build =
        system: name: script:
        derivation {
          inherit name system;
          salt = import ./salt.nix;
          builder = "${busybox}/busybox";
          args = [ "sh" "-c" script ];
        };
      mk = build "x86_64-linux";
      tool = system: (build system "tool" "echo tool > $out") // { meta.platforms = [ system ]; };
    in
    {
      nixosConfigurations = {
        reason.config.system.build.toplevel = mk "nixos-system-reason" "echo reason > $out";
        pi.config.system.build.toplevel = build "aarch64-linux" "nixos-system-pi" "echo pi > $out";
      };
      homeConfigurations."joachim@reason" = {
        config.home.username = "joachim";
        activationPackage = mk "home-joachim" "echo joachim > $out";
      };
      darwinConfigurations.mac.system = build "aarch64-darwin" "darwin-system-mac" "echo mac > $out";
      # The same derivation under another name.
      checks.x86_64-linux = {
        nixos-reason = self.nixosConfigurations.reason.config.system.build.toplevel;
        fmt = mk "fmt" "echo formatted > $out";
      };
      packages.x86_64-linux = {
        tool = tool "x86_64-linux";
        # As in nixpkgs: what is not for this system throws, but its meta does not.
        only-arm = {
          type = "derivation";
          name = "only-arm";
          meta.platforms = [ "aarch64-linux" ];
          drvPath = throw "only-arm is not available on the requested hostPlatform, refusing to evaluate";
        };
        not-in-ci = (mk "not-in-ci" "exit 1") // { meta.hydraPlatforms = [ ]; };
      };
      packages.aarch64-linux.tool = tool "aarch64-linux";
      devShells.x86_64-linux.default = mk "shell" "echo shell > $out";
      formatter.x86_64-linux = tool "x86_64-linux";
      apps.x86_64-linux.default = { type = "app"; program = "${tool "x86_64-linux"}"; };
      nixosModules.default = { };
      overlays.default = _: _: { };
      lib.answer = 42;
    };
}
