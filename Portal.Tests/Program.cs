using Portal.Tests.Faults;
using Xunit.Runner.InProc.SystemConsole;

// The tests' own executable is also the worker that the fault tests kill: `Portal.Tests worker …`.
return args is ["worker", .. var rest] ? await WorkerUnderFire.RunAsync(rest) : await ConsoleRunner.Run(args);
