using Portal.Model.Networking;

namespace Portal.Networking;

public static class NetworkingRegistration
{
    public static IServiceCollection AddNetworking(this IServiceCollection services) =>
        services
            .AddSingleton<CreateNetwork>()
            .AddSingleton<EditNetwork>()
            .AddSingleton<EditSubnets>()
            .AddSingleton<DeleteNetwork>()
            .AddSingleton<SecurityGroups>()
            .AddSingleton<Interfaces>()
            .AddSingleton<PublicAddresses>()
            .AddSingleton<Peerings>();
}
