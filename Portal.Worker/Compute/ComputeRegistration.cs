namespace Portal.Worker.Compute;

public static class ComputeRegistration
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services;
}
