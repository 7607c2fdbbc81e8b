namespace Portal.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services;

    public static void MapCompute(this WebApplication app)
    {
    }
}
