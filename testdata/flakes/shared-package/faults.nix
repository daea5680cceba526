{ libfrob = false; }
