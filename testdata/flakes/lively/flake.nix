{
  description = "builds of some seconds that write as they go, one of which fails, for the live view";

  inputs.busybox = {
    url = "github:flakeci/busybox"; # the tests give the real one by --override-input
    flake = false;
  };

  outputs =
    { self, busybox }:
    let
      mk =
        name: script:
        derivation {
          inherit name;
          system = "x86_64-linux";
          salt = import ./salt.nix;
          builder = "${busybox}/busybox";
          args = [ "sh" "-c" "sleep() { $builder sleep $1; }; ${script}" ];
        };
      # Writes a line every quarter of a second.
      steps =
        name: n: rest:
        mk name "i=0; while [ $i -lt ${toString n} ]; do i=$((i+1)); echo \"${name}: step $i of ${toString n}\"; sleep 0.25; done; ${rest}";
      pass = "echo > $out";
      broken = steps "libfrob-1.2" 4 "printf '\\033[31mfrob.c:7: error: no frob\\033[0m\\n'; exit 3";
      # Waits until it is stopped.
      endless = steps "endless" 100000 pass;
      host = drv: { config.system.build.toplevel = drv; };
      home = drv: { activationPackage = drv; config.home.username = "u"; config.home.homeDirectory = "/home/u"; };
    in
    {
      nixosConfigurations.reason = host (steps "reason" 8 pass);
      nixosConfigurations.laptop = host (steps "laptop" 6 pass);
      nixosConfigurations."机器-工作站" = host (steps "wide" 3 pass);
      nixosConfigurations.endless = host endless;
      homeConfigurations."joachim@reason" = home (steps "joachim-reason" 2 pass);
      homeConfigurations."joachim@laptop" = home (mk "joachim-laptop" "echo ${broken}; ${pass}");
      homeConfigurations."work@laptop" = home (mk "work-laptop" "echo ${broken}; ${pass}");
    };
}
