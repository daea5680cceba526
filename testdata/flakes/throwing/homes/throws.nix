# A throw in a home's module.
{
  home.sessionVariables.EDITOR = throw "no editor is good enough";
}
