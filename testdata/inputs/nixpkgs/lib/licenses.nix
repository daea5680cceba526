# A few licenses; only `free` matters to the package check.
builtins.mapAttrs
  (name: v: {
    shortName = name;
    spdxId = v.spdx or null;
    fullName = v.full or name;
    free = v.free or true;
  })
  {
    mit.spdx = "MIT";
    gpl2Plus.spdx = "GPL-2.0-or-later";
    gpl3Plus.spdx = "GPL-3.0-or-later";
    mpl20.spdx = "MPL-2.0";
    asl20.spdx = "Apache-2.0";
    unfree.free = false;
    unfreeRedistributable.free = false;
  }
