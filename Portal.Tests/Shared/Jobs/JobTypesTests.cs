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
