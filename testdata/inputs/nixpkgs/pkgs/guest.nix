# The test machine: a kernel and a root file system from Debian (scripts/guest) in which a host's
# own system starts. `guest` is the folder with both; see the README.
{ lib, system, guest }:
final: _:
let
  dir =
    if system != "x86_64-linux" then
      throw "the nixpkgs stand-in boots x86_64-linux alone, not ${system}"
    else if guest != "" && builtins.pathExists "${guest}/vmlinuz" then
      guest
    else
      throw "the nixpkgs stand-in has no test machine to boot: pass --override-input nixpkgs/guest path:DIR, DIR made by scripts/guest";

  init = final.writeScript "stage-1-init" ''
    #!/bin/busybox sh
    ${builtins.readFile ./stage-1.sh}
  '';
in
{
  guest = {
    inherit dir;
    kernel = "${dir}/vmlinuz";
    disk = "${dir}/root.qcow2";

    initrd = final.runCommand "initrd" { busybox = "${final.stdenv.shell}"; inherit dir init; } ''
      mkdir -p root/bin root/modules
      cp $busybox root/bin/busybox
      cp $dir/modules/* root/modules/
      cp $init root/init
      cd root
      find . | sort | cpio -o -H newc -R 0:0 > $out
    '';

    # The programs of the test machine, as links that resolve only in that machine.
    # Its only shell is bash.
    programs = final.runCommand "guest-programs" { inherit dir; meta.priority = -10; } ''
      mkdir -p $out/bin
      while read -r program; do
        ln -sf "/$program" "$out/bin/''${program##*/}"
      done < $dir/programs
      ln -s bash $out/bin/zsh
      ln -s bash $out/bin/fish
    '';

    # A disk with the closure of these paths, to be mounted at /nix/store.
    storeDisk = paths: final.runCommand "store.squashfs" {
      exportReferencesGraph = lib.concatLists (lib.imap0 (n: p: [ "closure-${toString n}" p ]) paths);
      inherit dir;
    } ''
      # Lines that are not paths: the number of references, and the deriver.
      sort -u closure-* | grep '^/' | grep -v '\.drv$' > paths
      # Not compressed: an emulated processor takes longer to decompress than to read.
      $dir/tools/ld-linux-x86-64.so.2 --library-path $dir/tools $dir/tools/mksquashfs $(cat paths) $out \
        -no-progress -quiet -all-root -keep-as-directory -noI -noD -noF -noX -processors 1
    '';
  };
}
