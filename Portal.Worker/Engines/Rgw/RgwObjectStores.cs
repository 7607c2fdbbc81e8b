using Portal.Model.Buckets;

namespace Portal.Worker.Engines.Rgw;

public sealed class RgwObjectStores(HttpClient http, TimeProvider clock) : IObjectStores
{
    /// <summary>Every call is to be answered by then; the largest is the list of all buckets.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public IObjectStore Open(StoreAccess access) => new RgwObjectStore(access, new AdminApi(http, access, clock));
}
