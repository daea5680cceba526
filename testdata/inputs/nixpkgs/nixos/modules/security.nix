{ lib, config, ... }:
with import ./helpers.nix { inherit lib; };
{
  options.security = {
    sudo = {
      enable = bool true;
      wheelNeedsPassword = bool true;
      extraConfig = lines;
      extraRules = opt (types.listOf types.attrs) [ ];
    };
    sudo-rs.enable = bool false;
    doas.enable = bool false;
    polkit.enable = on "polkit";
    rtkit.enable = on "the RealtimeKit system service";
    apparmor.enable = on "the AppArmor Mandatory Access Control system";
    protectKernelImage = bool false;
    tpm2.enable = on "TPM 2";
    pki.certificateFiles = opt (types.listOf types.path) [ ];
    pam = {
      services = opt (types.attrsOf (types.submodule { freeformType = types.attrsOf types.anything; })) { };
      loginLimits = opt (types.listOf types.attrs) [ ];
      u2f.enable = bool false;
    };
    wrappers = free;
    acme = {
      acceptTerms = bool false;
      defaults.email = maybe types.str;
      certs = free;
    };
    auditd.enable = on "the Linux Audit daemon";
  };
  config.environment.etc.sudoers = lib.mkIf config.security.sudo.enable {
    mode = "0440";
    text = ''
      root ALL=(ALL:ALL) SETENV: ALL
      %wheel ALL=(ALL:ALL) ${lib.optionalString (!config.security.sudo.wheelNeedsPassword) "NOPASSWD:"} SETENV: ALL
      ${config.security.sudo.extraConfig}
    '';
  };
}
