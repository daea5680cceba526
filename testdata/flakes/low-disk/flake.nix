{
  description = "hosts of which each fits on a small disk, but not all of them together";

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
          args = [ "sh" "-c" script ];
        };
      # A file of so many MiB that does not compress, without the zeros that a file system may skip.
      fill = size: "$builder dd if=/dev/urandom bs=1M count=${toString size}";
      # The same in a host, as slowly as a disk of some GB fills: flakeci looks 50 times a second.
      slowly = size: ''
        i=0
        while [ $i -lt ${toString size} ]; do
          $builder dd if=/dev/urandom bs=1M count=1 >>$out/data || exit 1
          $builder usleep 30000
          i=$((i + 1))
        done
      '';
      common = mk "common" "${fill 4} of=$out";
      compiler = name: mk "compiler-${name}" "${fill 6} of=$out";
      host = name: size: {
        config.system.build.toplevel = mk name ''
          $builder cat ${compiler name} >/dev/null || exit 1
          $builder mkdir $out || exit 1
          echo ${common} >$out/common
          ${slowly size}
        '';
      };
    in
    {
      nixosConfigurations.one = host "one" 12;
      nixosConfigurations.two = host "two" 12;
      nixosConfigurations.three = host "three" 12;
    };
}
