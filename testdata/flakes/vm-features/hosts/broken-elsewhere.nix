{
  environment.unrelated = throw "nobody asks for this";
  system.build.installer = throw "nor for this";
}
