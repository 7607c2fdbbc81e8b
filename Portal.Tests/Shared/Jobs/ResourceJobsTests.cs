using Hangfire;
using Hangfire.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>The web's queue hears of what the web's verbs commit.</summary>
[Trait("Needs", "database")]
public sealed class ResourceJobsTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task A_verb_s_commit_puts_the_job_into_the_queue_of_its_region()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using var db = CreateDbContext();
        var network = await db.Networks.SingleAsync(network => network.AccountId == actor.AccountId, TestContext.Current.CancellationToken);
        var verb = Server.Services.GetRequiredService<EditSubnets>();
        var asked = await verb.AddAsync(actor, network.Id, new NewSubnet("more", "10.0.1.0/24"), TestContext.Current.CancellationToken);
        Assert.Null(asked.Reason);

        var queue = Server.Services.GetRequiredService<JobStorage>().GetMonitoringApi();
        Job? job = null;
        await Until.TrueAsync(() =>
        {
            job = queue.EnqueuedJobs(network.RegionId, 0, 10).Select(waiting => waiting.Value.Job).SingleOrDefault();
            return Task.FromResult(job is not null);
        });
        Assert.Equal((typeof(INetworkJob), nameof(IResourceJob.AdvanceAsync), network.Id), (job!.Type, job.Method.Name, job.Args[0]));
    }
}
