lib: {
  services = lib.genAttrs [ "sshd" "plain" ] (_: { });
  targets = {
    handed-on = { };
    of-input = { };
  };
}
