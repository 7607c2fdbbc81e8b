using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services
        .AddSingleton<CreateInstance>()
        .AddSingleton<ChangeInstance>()
        .AddSingleton<TagInstance>()
        .AddSingleton<KeyPairs>()
        .AddSingleton<InstanceJobs>()
        .AddSingleton<LiveUpdates>()
        .AddScoped<SshKeyMaker>();

    public static void MapCompute(this WebApplication app)
    {
    }
}
