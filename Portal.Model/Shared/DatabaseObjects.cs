namespace Portal.Model.Shared;

/// <summary>
/// What EF Core does not describe: the trigger by which every change of a row that pages show is told to them (it is a trigger so that no
/// writer can forget it), and the one that keeps the audit as it was written, from its owner too. Each statement can be run again at any time; the migrator
/// does so after the migrations.
/// </summary>
public static class DatabaseObjects
{
    /// <summary>The channel of PostgreSQL's LISTEN/NOTIFY. The payload is <c>table account-id row-id</c>.</summary>
    public const string Channel = "portal_changes";

    private static readonly string[] Watched =
    [
        "Instances", "GuestRequests", "Images", "Cards", "CardSetups", "KeyPairs", "Regions", "Sessions",
        "Incidents", "ConsoleTickets", "Users", "Mails",
        "Networks", "Subnets", "SecurityGroups", "NetworkInterfaces", "PublicAddresses", "Peerings", "AlertRules",
        "Buckets", "AccessKeys", "ObjectStores", "ObjectStoreChanges", "ObjectStoreUsers",
        "Volumes", "Snapshots", "BackupSchedules", "PrivateImages", "Accounts",
    ];

    public static string Sql => string.Join('\n', [Function, .. Watched.Select(Trigger), AppendOnly]);

    private const string Function = """
        CREATE OR REPLACE FUNCTION portal_notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            changed jsonb := to_jsonb(COALESCE(NEW, OLD));
        BEGIN
            PERFORM pg_notify('portal_changes', TG_TABLE_NAME || ' ' || COALESCE(changed->>'AccountId', '-') || ' ' || (changed->>'Id'));
            RETURN NULL;
        END $$;
        """;

    /// <summary>ALWAYS: a session that says it applies a replica's changes is no way around it.</summary>
    private const string AppendOnly = """
        CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'Rows of % are never changed or deleted.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$;
        CREATE OR REPLACE TRIGGER portal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "AuditEntries"
            FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
        ALTER TABLE "AuditEntries" ENABLE ALWAYS TRIGGER portal_append_only;
        """;

    private static string Trigger(string table) => $"""
        CREATE OR REPLACE TRIGGER portal_notify AFTER INSERT OR UPDATE OR DELETE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION portal_notify_change();
        """;
}
