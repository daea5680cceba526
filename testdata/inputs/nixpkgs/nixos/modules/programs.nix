{ lib, config, pkgs, ... }:
with import ./helpers.nix { inherit lib; };
let
  cfg = config.programs;
  package = name: { enable = on name; package = opt types.package pkgs.${name}; };
  shell = name: {
    enable = on name;
    shellAliases = opt (types.attrsOf (types.nullOr types.str)) { };
    shellInit = lines;
    loginShellInit = lines;
    interactiveShellInit = lines;
    promptInit = lines;
  };
  simple = lib.filter (n: cfg.${n}.enable) [ "git" "firefox" "steam" "gamemode" "tmux" "vim" "neovim" "direnv" "htop" ];
in
{
  options.programs = {
    bash = shell "bash" // {
      enable = bool true;
      completion.enable = bool true;
    };
    zsh = shell "zsh" // {
      enableCompletion = bool true;
      autosuggestions.enable = bool false;
      syntaxHighlighting.enable = bool false;
      histSize = int 2000;
      ohMyZsh.enable = bool false;
    };
    fish = shell "fish";
    git = package "git" // {
      config = opt (types.either types.attrs (types.listOf types.attrs)) { };
      lfs.enable = bool false;
    };
    vim = package "vim" // { defaultEditor = bool false; };
    neovim = package "neovim" // {
      defaultEditor = bool false;
      viAlias = bool false;
      vimAlias = bool false;
    };
    firefox = package "firefox" // { policies = free; preferences = free; };
    steam = package "steam" // {
      remotePlay.openFirewall = bool false;
      dedicatedServer.openFirewall = bool false;
      localNetworkGameTransfers.openFirewall = bool false;
      gamescopeSession.enable = bool false;
      extraCompatPackages = packages;
      protontricks.enable = bool false;
    };
    gamemode = {
      enable = on "GameMode";
      enableRenice = bool true;
      settings = free;
      package = opt types.package pkgs.gamemode;
    };
    gamescope.enable = on "gamescope";
    gamescope.capSysNice = bool false;
    tmux = package "tmux" // { keyMode = str "emacs"; clock24 = bool false; extraConfig = lines; };
    direnv = package "direnv" // { nix-direnv.enable = bool true; };
    htop = package "htop";
    nix-ld.enable = on "nix-ld";
    nix-ld.libraries = packages;
    nh.enable = on "nh";
    nh.flake = maybe types.str;
    mtr.enable = on "mtr";
    dconf.enable = on "dconf";
    hyprland.enable = on "hyprland";
    sway.enable = on "sway";
    niri.enable = on "niri";
    adb.enable = on "adb";
    wireshark.enable = on "wireshark";
    command-not-found.enable = bool true;
    gnupg.agent.enable = on "gpg-agent";
    gnupg.agent.enableSSHSupport = bool false;
    ssh = {
      startAgent = bool false;
      extraConfig = lines;
      knownHosts = free;
    };
    localsend.enable = on "localsend";
    kdeconnect.enable = on "kdeconnect";
    virt-manager.enable = on "virt-manager";
  };
  config = {
    environment.systemPackages =
      map (n: cfg.${n}.package) simple
      ++ lib.optional cfg.zsh.enable pkgs.zsh
      ++ lib.optional cfg.fish.enable pkgs.fish;
    environment.shells =
      [ pkgs.bash ] ++ lib.optional cfg.zsh.enable pkgs.zsh ++ lib.optional cfg.fish.enable pkgs.fish;
    environment.etc = lib.mkMerge [
      (lib.mkIf cfg.zsh.enable { zshrc.text = ". /etc/set-environment\n${cfg.zsh.interactiveShellInit}\n${cfg.zsh.promptInit}"; })
      (lib.mkIf cfg.fish.enable { "fish/config.fish".text = cfg.fish.interactiveShellInit; })
      (lib.mkIf (cfg.git.enable && cfg.git.config != { }) { gitconfig.text = lib.generators.toGitINI cfg.git.config; })
      (lib.mkIf cfg.gamemode.enable { "gamemode.ini".text = lib.generators.toINI { } cfg.gamemode.settings; })
    ];
    environment.variables = lib.mkIf cfg.neovim.defaultEditor { EDITOR = lib.mkOverride 900 "nvim"; };
    hardware.graphics = lib.mkIf cfg.steam.enable {
      enable = true;
      enable32Bit = true;
    };
    hardware.steam-hardware.enable = lib.mkIf cfg.steam.enable true;
    users.groups.gamemode = lib.mkIf cfg.gamemode.enable { };
    networking.firewall = lib.mkIf cfg.steam.remotePlay.openFirewall {
      allowedTCPPorts = [ 27036 ];
      allowedUDPPortRanges = [ { from = 27031; to = 27035; } ];
    };
  };
}
