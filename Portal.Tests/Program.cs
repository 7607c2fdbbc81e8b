using Portal.Tests.Bench;
using Portal.Tests.Faults;
using Portal.Tests.Shared;
using Xunit.Runner.InProc.SystemConsole;

// The tests' own executable is also the worker that the fault tests kill, `Portal.Tests worker …`, and what bin/bench runs, `Portal.Tests
// bench …`.
return args switch
{
    ["worker", .. var rest] => await WorkerUnderFire.RunAsync(rest),
    ["bench", .. var rest] => await Benchmarks.RunAsync(rest),
    _ => await TestsAsync(args),
};

static Task<int> TestsAsync(string[] args)
{
    TestLog.Begin();
    return ConsoleRunner.Run(args);
}
