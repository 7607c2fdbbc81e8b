using Microsoft.EntityFrameworkCore;

namespace Portal.Model.Compute;

public static class InstanceParts
{
    /// <summary>Loads with each instance all that its <see cref="Instance.Spec"/> tells the engine.</summary>
    public static IQueryable<Instance> WithParts(this IQueryable<Instance> instances) =>
        instances
            .Include(instance => instance.Image)
            .Include(instance => instance.Interfaces)
                .ThenInclude(networkInterface => networkInterface.Subnet)
            .Include(instance => instance.Volumes)
                .ThenInclude(volume => volume.Type)
            .Include(instance => instance.Volumes)
                .ThenInclude(volume => volume.Image)
            .AsSplitQuery();
}
