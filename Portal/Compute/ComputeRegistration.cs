using Portal.Model.Compute;

namespace Portal.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services
        .AddSingleton<CreateInstance>()
        .AddSingleton<ChangeInstance>()
        .AddSingleton<KeyPairs>()
        .AddSingleton<InstanceJobs>();

    public static void MapCompute(this WebApplication app)
    {
    }
}
