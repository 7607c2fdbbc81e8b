using Hangfire;
using Hangfire.Common;
using Hangfire.States;

namespace Portal.Tests.Billing;

/// <summary>A queue that only remembers what was put into it.</summary>
internal sealed class RecordedJobs : IBackgroundJobClient
{
    public List<Job> Jobs { get; } = [];

    public string Create(Job job, IState state)
    {
        Jobs.Add(job);
        return "1";
    }

    public bool ChangeState(string jobId, IState state, string expectedState) => true;
}
