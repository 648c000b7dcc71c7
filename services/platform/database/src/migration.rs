//! Migrations: run by the owner's role in a command of their own, checked by the service at start.
//!
//! Several migrators share one database (a service's own and those of the platform crates it stands on). Each
//! keeps its history in its own schema, so that their version numbers never meet.

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

/// A set of migrations and the schema that they make.
#[derive(Clone, Copy)]
pub struct Schema {
    /// The schema's name: the service's or the platform crate's.
    pub name: &'static str,
    /// Its migrations.
    pub migrator: &'static Migrator,
}

/// Brings the database of `service` up to date as its owner.
///
/// A service's own migrations grant to its role `chengqing_<service>` themselves, table by table; the schemas
/// of platform crates are granted here, because they cannot know who uses them.
///
/// # Errors
/// When the database is away, or a migration fails or was changed after it ran.
pub async fn migrate(owner_url: &SecretString, service: &str, schemas: &[Schema]) -> anyhow::Result<()> {
    let mut connection =
        PgConnection::connect(owner_url.expose_secret()).await.context("could not connect as the owner")?;
    for schema in schemas {
        let mut migrator = Migrator::with_migrations(schema.migrator.iter().cloned().collect());
        migrator.dangerous_set_table_name(format!("{}._sqlx_migrations", schema.name));
        migrator.create_schema(schema.name);
        migrator
            .run(&mut connection)
            .await
            .with_context(|| format!("could not migrate schema {}", schema.name))?;
        grant(&mut connection, schema.name, service)
            .await
            .with_context(|| format!("could not grant schema {} to chengqing_{service}", schema.name))?;
    }
    Ok(())
}

async fn grant(connection: &mut PgConnection, schema: &str, service: &str) -> sqlx::Result<()> {
    let role = format!("chengqing_{service}");
    let mut grants = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {schema}._sqlx_migrations TO {role};"
    );
    if schema != service {
        grants.push_str(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
             REVOKE INSERT, UPDATE, DELETE ON {schema}._sqlx_migrations FROM {role};"
        ));
    }
    // Both names are constants of this project, never input.
    connection.execute(sqlx::raw_sql(AssertSqlSafe(grants))).await?;
    Ok(())
}

/// Refuses to go on while a migration is pending.
///
/// # Errors
/// When one is, naming the command that runs it, or the database is away.
pub async fn refuse_pending(pool: &PgPool, schemas: &[Schema]) -> anyhow::Result<()> {
    for schema in schemas {
        // The schema's name is a constant of this project, never input.
        let query = format!("SELECT version FROM {}._sqlx_migrations WHERE success", schema.name);
        let applied: Vec<i64> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await.with_context(|| {
                format!(
                    "could not read what schema {} has applied: is `chengqing migrate` done?",
                    schema.name
                )
            })?;
        for migration in schema.migrator.iter() {
            if !applied.contains(&migration.version) {
                bail!(
                    "migration {} of schema {} is pending: run `chengqing migrate` first",
                    migration.version,
                    schema.name
                );
            }
        }
    }
    Ok(())
}
