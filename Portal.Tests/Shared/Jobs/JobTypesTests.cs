using Hangfire.Common;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Tests.Shared;

/// <summary>Who can write a job's row has the worker call Portal's jobs, and nothing else.</summary>
public sealed class JobTypesTests
{
    [Theory]
    [InlineData(typeof(System.Diagnostics.Process))]
    [InlineData(typeof(File))]
    [InlineData(typeof(PortalDb))]
    [InlineData(typeof(List<string>))]
    [InlineData(typeof(object))]
    public void A_row_that_names_another_type_runs_nothing(Type type) =>
        Assert.Throws<InvalidOperationException>(() => JobTypes.Resolve(TypeHelper.SimpleAssemblyTypeSerializer(type)));

    [Fact]
    public void A_name_of_nothing_runs_nothing() => Assert.ThrowsAny<Exception>(() => JobTypes.Resolve("Nothing.At.All, Nowhere"));

    /// <summary>That a release's jobs are all found is in <see cref="Releases.ReleasedDatabaseTests"/>: a dump names them.</summary>
    [Fact]
    public void A_job_that_moved_is_found_by_the_name_that_it_had_and_an_alias_leads_nowhere_else()
    {
        var moved = new Dictionary<string, Type>(StringComparer.Ordinal)
        {
            ["Portal.Model.Machines.IMachineJob"] = typeof(IInstanceJob),
            ["Portal.Model.Machines.IPrograms"] = typeof(System.Diagnostics.Process),
        };
        Assert.Equal(typeof(IInstanceJob), JobTypes.Resolve("Portal.Model.Machines.IMachineJob, Portal.Model", moved));
        Assert.Equal(typeof(IInstanceJob), JobTypes.Resolve(TypeHelper.SimpleAssemblyTypeSerializer(typeof(IInstanceJob)), moved));
        Assert.ThrowsAny<Exception>(() => JobTypes.Resolve("Portal.Model.Machines.IMachineJob, Portal.Model"));
        Assert.Throws<InvalidOperationException>(() => JobTypes.Resolve("Portal.Model.Machines.IPrograms, Portal.Model", moved));
    }

    [Fact]
    public void Every_job_of_Portals_is_found_with_what_it_is_given()
    {
        var jobs = typeof(PortalDb)
            .Assembly.GetTypes()
            .Where(type => type.IsInterface && type.Name.EndsWith("Job", StringComparison.Ordinal))
            .ToList();
        Assert.Contains(typeof(IInstanceJob), jobs);
        foreach (
            var type in jobs.SelectMany(job =>
                job.GetMethods()
                    .Concat(job.GetInterfaces().SelectMany(of => of.GetMethods()))
                    .SelectMany(method => method.GetParameters())
                    .Select(parameter => parameter.ParameterType)
                    .Append(job)
            )
        )
        {
            Assert.Equal(type, JobTypes.Resolve(TypeHelper.SimpleAssemblyTypeSerializer(type)));
            Assert.Equal(type, JobTypes.Resolve(TypeHelper.DefaultTypeSerializer(type)));
        }
    }
}
