using Portal.Tests.Bench;
using Portal.Tests.Faults;
using Portal.Tests.Releases;
using Portal.Tests.Shared;
using Xunit.Runner.InProc.SystemConsole;

// The tests' own executable is also the worker that the fault tests kill, `Portal.Tests worker …`, and what bin/bench runs, `Portal.Tests
// bench …`, and what bin/release and bin/test --upgrade run, `Portal.Tests dump …` and `Portal.Tests upgrade …`.
return args switch
{
    ["worker", .. var rest] => await WorkerUnderFire.RunAsync(rest),
    ["bench", .. var rest] => await Benchmarks.RunAsync(rest),
    ["dump", var folder] => await Dump.RunAsync(folder),
    ["upgrade", var before] => await Upgrade.RunAsync(before),
    _ => await TestsAsync(args),
};

static Task<int> TestsAsync(string[] args)
{
    TestLog.Begin();
    return ConsoleRunner.Run(args);
}
